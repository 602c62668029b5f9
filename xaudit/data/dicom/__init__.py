"""Radiographs in DICOM: what their headers say, and what of it may leave the reader."""
