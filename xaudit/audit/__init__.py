"""From a configuration to findings: plan, run, store, summarize."""
