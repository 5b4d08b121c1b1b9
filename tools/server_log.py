"""What the web server's log leaves out; named in server_log.json."""

from __future__ import annotations

import logging


class Known(logging.Filter):
    """Drops the remark that the default number of threads is high for the cores: they wait, they do not compute."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is shown."""
        return "Python threads" not in record.getMessage()
