"""Networks as files of the formats in which models are handed over, with a free batch."""

import contextlib
import io
import warnings

import torch


def torchscript(network, images, path):
    """`torch.jit.save` of a traced network."""
    with _quiet():
        torch.jit.save(torch.jit.trace(network, images, check_trace=False), path)


def pt2(network, images, path):
    """`torch.export.save`."""
    with _quiet():
        torch.export.save(_exported(network, images), path)


def onnx(network, images, path):
    """By torch's default exporter."""
    with _quiet():
        torch.onnx.export(_exported(network, images), f=str(path), external_data=False)


def old_onnx(network, images, path):
    """By the exporter that torch had before, which is smaller and faster."""
    free = {"input_names": ["film"], "dynamic_axes": {"film": {0: "films"}}}
    with _quiet():
        torch.onnx.export(network, (images,), str(path), dynamo=False, **free)


def _exported(network, images):
    sides = ({0: torch.export.Dim.DYNAMIC},)
    return torch.export.export(network, (images,), dynamic_shapes=sides)


@contextlib.contextmanager
def _quiet():
    """Exporters advise those who write such files."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
