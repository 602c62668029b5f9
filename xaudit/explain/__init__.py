"""Attribution methods, behind one port, and the one door to the detector."""
