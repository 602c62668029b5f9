"""Lesions that DICOM objects draw on the images that they refer to."""
