"""English for the simulation's pages, by their Chinese."""

ENGLISH: dict[str, str] = {}
