"""Text as files and pages hold it: JSON, Markdown, what may be printed."""
