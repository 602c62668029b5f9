"""Attention maps equal their papers' equations on transformers small enough to write down."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from xaudit.core.detector import InputSpec
from xaudit.errors import ExplainerError
from xaudit.explain.engine.evaluator import Evaluator
from xaudit.explain.methods.attention import attention_of
from xaudit.explain.methods.attention_maps import AttentionRollout, GradientWeightedAttention
from xaudit.explain.methods.cam import upsampled
from xaudit.explain.port import Context
from xaudit.explain.schedule import Job, explain_all
from xaudit.testing import disc, planted_case
from xaudit.torchvision_operators import define_missing_operators, torchvision_models

SIZE, GRID = 24, 6
BOTH = (AttentionRollout(), GradientWeightedAttention())


class Layer(torch.nn.Module):
    """Self-attention with two heads and a skip connection; fused or written by hand."""

    def __init__(self, width, fused):
        super().__init__()
        self.mix = torch.nn.Linear(width, 3 * width)
        self.out = torch.nn.Linear(width, width)
        self.fused = fused

    def forward(self, tokens):
        q, k, v = self.mix(tokens).unflatten(-1, (3, 2, -1)).permute(2, 0, 3, 1, 4)
        if self.fused:
            taken = torch.nn.functional.scaled_dot_product_attention(q, k, v)
        else:
            taken = self.attention(q, k) @ v
        return tokens + self.out(taken.transpose(1, 2).flatten(2))

    def attention(self, q, k):
        return (q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5).softmax(dim=-1)


class Hybrid(torch.nn.Module):
    """A convolution makes a grid of tokens, two attention layers mix them, one head reads them."""

    def __init__(self, class_token=True, fused=False, pooled=False, width=8):
        super().__init__()
        self.grid = torch.nn.Conv2d(1, width, SIZE // GRID, stride=SIZE // GRID)
        self.token = torch.nn.Parameter(torch.randn(1, 1, width)) if class_token else None
        self.layers = torch.nn.ModuleList([Layer(width, fused) for _ in range(2)])
        self.head = torch.nn.Linear(width, 1)
        self.pooled = pooled or not class_token

    def tokens(self, images):
        patches = (4 * self.grid(images)).flatten(2).transpose(1, 2)
        if self.token is None:
            return patches
        return torch.cat([self.token.expand(len(images), -1, -1), patches], dim=1)

    def read(self, tokens):
        patches = tokens[:, tokens.shape[1] - GRID**2 :]
        return self.head(patches.mean(dim=1) if self.pooled else tokens[:, 0])[:, 0]

    def forward(self, images):
        tokens = self.tokens(images)
        for layer in self.layers:
            tokens = layer(tokens)
        return self.read(tokens)


class Wrapped(torch.nn.Module):
    """Any network with one output as a detector of gray images."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, images):
        return self.network(images.expand(-1, 3, -1, -1))[:, 0]


def seeded(make, **settings):
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return make(**settings).eval().requires_grad_(False)


def Port(network, spec):  # noqa: N802
    """A detector that offers gradients and no feature map."""
    return SimpleNamespace(
        module=network, target_layer=None, input=spec, capabilities={"gradients"}
    )


def evaluator_of(network, size=(SIZE, SIZE)):
    return Evaluator(Port(network, InputSpec(*size, channels=1)))


def outcome_of(network, method, case):
    (outcome,) = explain_all(
        evaluator_of(network, case.inside.shape), [Job(case, method)], Context(seed=1)
    )
    return outcome


def map_of(network, method, case):
    outcome = outcome_of(network, method, case)
    if outcome.error:
        raise outcome.error
    return outcome.attribution


@pytest.fixture
def case():
    return planted_case([disc((SIZE, SIZE), (9, 14), 4)], (SIZE, SIZE), seed=4)


def plain(network, case):
    """Attention of each layer and its gradient, from a pass that is spelled out."""
    tokens = network.tokens(torch.from_numpy(case.image[None]))
    attentions = []
    for layer in network.layers:
        parts = layer.mix(tokens).chunk(3, dim=-1)
        q, k, v = (part.reshape(-1, 2, part.shape[-1] // 2).transpose(0, 1) for part in parts)
        scores = torch.einsum("hic,hjc->hij", q, k) / q.shape[-1] ** 0.5
        attention = scores.exp() / scores.exp().sum(dim=-1, keepdim=True)
        # The parameters are frozen: the first attention is where the graph starts.
        attentions.append(attention.requires_grad_(True))
        taken = torch.einsum("hij,hjc->ihc", attention, v).flatten(1)
        tokens = tokens + layer.out(taken[None])
    logit = network.read(tokens)[0]
    slopes = torch.autograd.grad(logit, attentions)
    return [one.detach().double().numpy() for one in attentions], [
        slope.double().numpy() for slope in slopes
    ]


def rollout(attentions, _slopes):
    flow = np.eye(attentions[0].shape[-1])
    for attention in attentions:
        mixed = 0.5 * attention.mean(axis=0) + 0.5 * np.eye(len(flow))
        flow = mixed @ flow
    return flow


def gradient_weighted(attentions, slopes):
    relevance = np.eye(attentions[0].shape[-1])
    for attention, slope in zip(attentions, slopes, strict=True):
        relevance = relevance + np.maximum(slope * attention, 0).mean(axis=0) @ relevance
    return relevance


PAIRS = tuple(zip(BOTH, (rollout, gradient_weighted), strict=True))


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("method", "oracle"), PAIRS)
def test_the_row_of_the_class_token_is_the_map(case, method, oracle, fused):
    network = seeded(Hybrid, fused=fused)
    expected = oracle(*plain(network, case))[0, 1:].reshape(GRID, GRID)
    attribution = map_of(network, method, case)
    np.testing.assert_allclose(
        attribution.values, upsampled(expected, (SIZE, SIZE)), rtol=1e-4, atol=1e-8
    )
    assert attribution.params == {"attention_layers": 2, "reads": "class token"}
    assert attribution.values.std() > 0


@pytest.mark.parametrize("class_token", [False, True])
@pytest.mark.parametrize(("method", "oracle"), PAIRS)
def test_where_patches_are_pooled_their_rows_are_averaged(case, method, oracle, class_token):
    network = seeded(Hybrid, class_token=class_token, pooled=True)
    rows = oracle(*plain(network, case))[int(class_token) :, int(class_token) :]
    attribution = map_of(network, method, case)
    np.testing.assert_allclose(
        attribution.values,
        upsampled(rows.mean(axis=0).reshape(GRID, GRID), (SIZE, SIZE)),
        rtol=1e-4,
        atol=1e-8,
    )
    assert attribution.params["reads"] == "patches"


@pytest.mark.parametrize("method", BOTH)
def test_a_map_costs_one_pass_forward_and_one_backward(case, method):
    attribution = map_of(seeded(Hybrid), method, case)
    assert (attribution.forward, attribution.backward) == (1, 1) == method.cost()


def options():
    causal = torch.ones(5, 5, dtype=torch.bool).tril()
    return [
        {},
        {"scale": 0.3},
        {"is_causal": True},
        {"attn_mask": causal},
        {"attn_mask": torch.linspace(-1, 1, 25).reshape(5, 5)},
    ]


class Fused(torch.nn.Module):
    """Fused attention with any options over the rows of a 5 x 5 image."""

    def __init__(self, settings):
        super().__init__()
        self.settings = settings

    def forward(self, images):
        tokens = images.expand(-1, 2, -1, -1)
        fused = torch.nn.functional.scaled_dot_product_attention
        return fused(tokens, 2 * tokens, tokens, **self.settings).square().sum(dim=(1, 2, 3))


@pytest.mark.parametrize("settings", options())
def test_fused_attention_is_taken_apart_without_changing_the_logit(settings):
    images = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(2))
    network = Fused(settings)
    (attention,) = attention_of(evaluator_of(network), images[0].numpy())
    rows = torch.from_numpy(attention.weights) @ images[0]
    assert attention.weights.shape == attention.gradients.shape == (2, 5, 5)
    np.testing.assert_allclose(attention.weights.sum(axis=-1), 1, atol=1e-6)
    assert float(rows.square().sum()) == pytest.approx(float(network(images)), rel=1e-5)


def test_grouped_queries_are_taken_apart_too():
    class Grouped(torch.nn.Module):
        def forward(self, images):
            fused = torch.nn.functional.scaled_dot_product_attention
            queries = images.expand(-1, 4, -1, -1)
            keys = torch.cat([images, -images], dim=1)
            return fused(queries, keys, keys, enable_gqa=True).square().sum(dim=(1, 2, 3))

    images = torch.rand(1, 1, 5, 5, generator=torch.Generator().manual_seed(2))
    (attention,) = attention_of(evaluator_of(Grouped()), images[0].numpy())
    assert attention.weights.shape == (4, 5, 5)
    signs = torch.tensor([1.0, 1, -1, -1])[:, None, None]
    rows = torch.from_numpy(attention.weights) @ (signs * images[0])
    assert float(rows.square().sum()) == pytest.approx(float(Grouped()(images)), rel=1e-5)


def by_hand(network, image):
    """Attention weights of torch's own module, as it returns them when asked."""
    tokens, found = network.tokens(torch.from_numpy(image[None])), []
    for layer in network.encoder.layers:
        found.append(
            layer.self_attn(tokens, tokens, tokens, average_attn_weights=False)[1][0].numpy()
        )
        tokens = layer(tokens)
    return found


class TorchEncoder(Hybrid):
    """torch.nn.TransformerEncoder, which has a fast path without visible attention."""

    def __init__(self):
        super().__init__()
        layer = torch.nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
        self.encoder = torch.nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)

    def forward(self, images):
        return self.read(self.encoder(self.tokens(images)))


def test_the_fast_path_of_torch_does_not_swallow_attention(case):
    network = seeded(TorchEncoder)
    layers = attention_of(evaluator_of(network), case.image)
    expected = by_hand(network, case.image)
    assert len(layers) == len(expected) == 2
    for layer, weights in zip(layers, expected, strict=True):
        np.testing.assert_allclose(layer.weights, weights, atol=1e-6)


def small_vit():
    network = torchvision_models().VisionTransformer(32, 8, 2, 2, 16, 32, num_classes=1)
    # torchvision starts this head at zero, so nothing would depend on anything.
    torch.nn.init.normal_(network.heads.head.weight)
    return Wrapped(network)


def small_timm(**settings):
    define_missing_operators()
    timm = pytest.importorskip("timm")
    return Wrapped(timm.create_model(
        "vit_tiny_patch16_224", img_size=32, patch_size=8, depth=2, num_classes=1, **settings
    ))  # fmt: skip


GAP = {"class_token": False, "reg_tokens": 4, "global_pool": "avg"}
KNOWN = {
    "torchvision": (small_vit, {}, "class token"),
    "timm": (small_timm, {}, "class token"),
    "timm_registers": (small_timm, GAP, "patches"),
}


@pytest.mark.parametrize("method", BOTH)
@pytest.mark.parametrize("name", KNOWN)
def test_vision_transformers_of_the_libraries_are_read(name, method):
    make, settings, reads = KNOWN[name]
    case = planted_case([], (32, 32))
    attribution = map_of(seeded(make, **settings), method, case)
    assert attribution.params == {"attention_layers": 2, "reads": reads}
    assert attribution.values.shape == (32, 32)
    assert attribution.degenerate is None


@pytest.mark.heavy
@pytest.mark.parametrize("method", BOTH)
def test_vit_b_16_is_read_at_its_size(method):
    network = torchvision_models().vit_b_16()
    network.heads = torch.nn.Linear(768, 1)
    attribution = map_of(Wrapped(network).eval(), method, planted_case([], (224, 224)))
    assert attribution.params["attention_layers"] == 12
    assert attribution.degenerate is None


@pytest.mark.parametrize("method", BOTH)
def test_the_detector_is_left_as_it_was(case, method):
    network = seeded(TorchEncoder)
    before = {name: one.clone() for name, one in network.state_dict().items()}
    evaluator = evaluator_of(network)
    logits = evaluator.logits(case.image[None])
    for _ in range(2):
        (outcome,) = explain_all(evaluator, [Job(case, method)], Context(seed=1))
        assert outcome.error is None
    assert not any(one._forward_hooks or one._backward_hooks for one in evaluator.module.modules())
    assert not any(one.training for one in evaluator.module.modules())
    assert torch.overrides._get_current_function_mode() is None
    np.testing.assert_array_equal(evaluator.logits(case.image[None]), logits)
    assert all(torch.equal(before[name], one) for name, one in network.state_dict().items())


def test_windowed_attention_is_refused(case):
    swin = torchvision_models().swin_transformer.SwinTransformer
    network = Wrapped(swin([4, 4], 8, [1, 1], [2, 2], [4, 4], num_classes=1).eval())
    for method in BOTH:
        with pytest.raises(ExplainerError, match="works in windows, as in Swin"):
            map_of(network, method, planted_case([], (64, 64)))


def test_a_network_without_attention_is_refused(case):
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 24), torch.nn.Flatten(0))
    with pytest.raises(ExplainerError, match="found no self-attention"):
        map_of(network, AttentionRollout(), case)


@pytest.mark.parametrize("method", BOTH)
def test_attention_in_the_sandbox_is_refused_by_what_does_not_leave_it(method, case):
    detector = Port(seeded(Hybrid), InputSpec(SIZE, SIZE, channels=1))
    detector.sandbox = "bubblewrap"
    (outcome,) = explain_all(Evaluator(detector), [Job(case, method)], Context(seed=1))
    assert "layers attend to does not cross the border of the sandbox" in str(outcome.error)


class Pooling(Hybrid):
    """Half of the tokens are dropped between the layers."""

    def forward(self, images):
        return self.read(self.layers[1](self.layers[0](self.tokens(images))[:, ::2]))

    def read(self, tokens):
        return self.head(tokens[:, 0])[:, 0]


def test_a_changing_number_of_tokens_is_refused(case):
    with pytest.raises(ExplainerError, match=r"number of tokens \(19, 37\)"):
        map_of(seeded(Pooling), AttentionRollout(), case)


class Across(Hybrid):
    """One query reads all tokens at the end."""

    def forward(self, images):
        tokens = self.layers[0](self.tokens(images))
        fused = torch.nn.functional.scaled_dot_product_attention
        return self.head(fused(tokens[:, None, :1], tokens[:, None], tokens[:, None])[:, 0, 0])[
            ..., 0
        ]


def test_attention_between_different_tokens_is_refused(case):
    with pytest.raises(ExplainerError, match="cross-attention or attention pooling"):
        map_of(seeded(Across), AttentionRollout(), case)


def test_tokens_that_are_no_grid_are_refused(case):
    class Rows(Hybrid):
        def tokens(self, images):
            return super().tokens(images)[:, :3]

        def read(self, tokens):
            return self.head(tokens[:, 0])[:, 0]

    with pytest.raises(ExplainerError, match="expected 3 tokens to be a few class tokens"):
        map_of(seeded(Rows), AttentionRollout(), case)
