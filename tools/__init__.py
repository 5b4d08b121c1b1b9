"""What `make` calls. Nothing of the product imports this package."""
