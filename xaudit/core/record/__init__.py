"""What an audit writes down: findings, statements, suspicions, verdicts."""
