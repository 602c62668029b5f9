"""Pixels of a DICOM object, from what is stored to what is shown."""
