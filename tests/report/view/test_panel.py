"""The picture of a case does not depend on settings that lie in the current folder."""

import matplotlib as mpl
import numpy as np

from xaudit.report.view.panel import panel_png


def test_settings_of_a_folder_change_no_picture():
    image, lesions = np.full((1, 32, 24), 0.5, np.float32), np.zeros((1, 32, 24), dtype=bool)
    lesions[0, 8:16, 8:16] = True
    arguments = (image, lesions, {"gradcam": image[0]}, {"gradcam": {"mass": 0.5}}, "case $x$")
    plain = panel_png(*arguments)
    # Its text would be handed to LaTeX.
    with mpl.rc_context({"text.usetex": True, "text.latex.preamble": "\\no", "font.size": 30.0}):
        assert panel_png(*arguments) == plain
