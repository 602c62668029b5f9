"""An audit as DICOM objects: lesions, maps, scores and card, beside the radiographs they are of."""
