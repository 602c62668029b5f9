"""Archives that are asked over DICOMweb."""
