"""What scripts/central starts beside Kafka: fetched (fetch), started (start), loaded (load)."""
