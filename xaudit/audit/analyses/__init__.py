"""What an analysis of an audit is: its facts, the tables that it reads, and its findings."""
