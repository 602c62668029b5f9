"""The tool's own qualification: detectors with known defects, and sound ones, audited."""
