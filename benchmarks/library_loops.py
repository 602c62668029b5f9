"""What a user runs who follows the quick start of each library: one image, the plain network.

The network is as it comes from its factory: batch norms in place, channels first, parameters
that ask for gradients. Superpixels and baselines are those of xaudit, so that both sides estimate
the same thing; everything else is the library's default, except where a comment says so.
"""

import numpy as np
import torch

from xaudit.explain.methods.lime import covering
from xaudit.explain.numerics.libraries import library
from xaudit.explain.perturbation.coalitions import OUTSIDE

SAMPLES = 1000


def color(planes):
    return np.repeat(np.moveaxis(planes, 0, -1), 3, axis=-1)


class QuickStart:
    """The four libraries around one network."""

    def __init__(self, network, layer, mean=0.5, std=0.5):
        self.network, self.layer, self.mean, self.std = network, layer, mean, std

    def tensor(self, planes):
        return (torch.from_numpy(np.repeat(planes, 3, axis=0)[None]) - self.mean) / self.std

    def predict(self, images):
        batch = torch.from_numpy(np.moveaxis(np.asarray(images, dtype=np.float32), -1, 1))
        return self.network((batch - self.mean) / self.std).detach().numpy()

    def gradcam(self, case, game):
        with library("pytorch_grad_cam").GradCAM(self.network, [self.layer]) as cam:
            return cam(self.tensor(case.image), targets=[lambda output: output[0]])[0]

    def integrated_gradients(self, case, game):
        method = library("captum.attr").IntegratedGradients(self.network)
        pixels, start = self.tensor(case.image), self.tensor(game.baseline)
        values = method.attribute(pixels, start, target=0)  # 50 steps
        return values[0].sum(dim=0).detach().numpy()

    def shap(self, case, game):
        patches, image = covering(game), color(case.image)
        start = color(np.where(game.patches == OUTSIDE, case.image, game.baseline))

        def shown(rows):
            parts = [
                self.predict(np.where(
                    np.pad(rows[first : first + 10] > 0.5, ((0, 0), (0, 1)))[:, patches][..., None],
                    image, start,
                ))
                for first in range(0, len(rows), 10)
            ]  # fmt: skip
            return np.concatenate(parts)

        np.random.seed(0)  # noqa: NPY002  shap draws from the global generator
        explainer = library("shap").KernelExplainer(shown, np.zeros((1, game.count)))
        # The default keeps the ten largest values and calls the others 0.
        values = explainer.shap_values(
            np.ones((1, game.count)), nsamples=SAMPLES, l1_reg=False, silent=True
        )
        return game.spread(np.asarray(values).reshape(-1))

    def lime(self, case, game):
        module = library("lime.lime_image")
        module.tqdm = lambda rows: rows
        explanation = module.LimeImageExplainer(random_state=0).explain_instance(
            color(case.image), self.predict, labels=(0,), num_features=game.count + 1,
            hide_color=color(np.where(game.patches == OUTSIDE, case.image, game.baseline)),
            num_samples=SAMPLES, segmentation_fn=lambda _: covering(game),
        )  # fmt: skip
        weights = dict(explanation.local_exp[0])
        return game.spread(np.array([weights[one] for one in range(game.count)]))
