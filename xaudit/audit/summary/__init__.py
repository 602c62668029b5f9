"""All findings of an audit in one."""
