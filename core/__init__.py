"""What every package shares: time, ids, the store, the outbox and its worker, errors, personal data."""
