"""Files of an audit: cases, rows, shards, findings, the record of the plan, hashes and locks."""
