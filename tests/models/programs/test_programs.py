"""What a program of somebody else may call, and whether its gradients are those of its scores."""

import warnings
import zipfile

import pytest
import torch

from xaudit.errors import DetectorError
from xaudit.models.programs.archive import read_archive
from xaudit.models.programs.expressions import is_size
from xaudit.models.programs.operators import may_run
from xaudit.models.programs.slopes import slopes_hold
from xaudit.models.readers.torchscript import read


def quiet(make):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return make()


class Writes(torch.nn.Module):
    """Would leave a file; harmless, and refused before it is called."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def forward(self, images):
        torch.save(images, self.path)
        return images.mean(dim=(1, 2, 3))


class Restored(torch.nn.Module):
    @torch.jit.export
    def __getstate__(self):
        return (1, self.training)

    @torch.jit.export
    def __setstate__(self, state: tuple[int, bool]):
        self.training = state[1]

    def forward(self, images):
        return images.mean(dim=(1, 2, 3))


def test_an_operator_that_opens_files_is_refused_before_the_program_is_called(tmp_path):
    path, left = tmp_path / "model.pt", tmp_path / "left.pt"
    quiet(lambda: torch.jit.script(Writes(str(left))).save(str(path)))
    with pytest.raises(DetectorError, match="calls aten::save: no operator of torch that computes"):
        read(path)
    assert not left.exists()


def test_code_that_runs_while_it_is_loaded_is_refused(tmp_path):
    path = tmp_path / "model.pt"
    quiet(lambda: torch.jit.script(Restored()).save(str(path)))
    with pytest.raises(DetectorError, match="runs code of its own while it is loaded"):
        read(path)


def test_every_operator_that_takes_the_name_of_a_file_is_known():
    """All schemas of torch: an upgrade that brings another one tells us."""
    named = {"file", "filename", "path"}
    files = {
        schema.name
        for schema in torch._C._jit_get_all_schemas()
        if any("str" in str(one.type) and one.name in named for one in schema.arguments)
    }
    assert {one for one in files if one.startswith(("aten::", "prim::"))} == {
        "aten::from_file", "aten::save",
    }  # fmt: skip
    assert not any(map(may_run, files))
    assert may_run("aten::conv2d")
    assert may_run("quantized::conv2d")
    assert not may_run("image::read_file")
    assert not may_run("prim::rpc_sync")


@pytest.mark.parametrize(
    "text",
    ["s77", "2*s0 + 1", "Symbol('s77', positive=True, integer=True)", "Max(1, s3)//2", "Eq(s0, 1)"],
)
def test_expressions_of_sizes(text):
    assert is_size(text)


@pytest.mark.parametrize(
    "text",
    ["print(1)", "s0.real", "(lambda: 1)()", "[s0]", "'text'", "Symbol('name')", "2**s0",
     "s0 if 1 else 2",     "", "s0;", "x", "s0[0]", "1" * 3000],
)  # fmt: skip
def test_what_is_no_expression_of_sizes(text):
    assert not is_size(text)


def test_members_of_one_name_and_damage_are_refused(tmp_path):
    path = tmp_path / "model.pt"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as archive:
        warnings.simplefilter("ignore")
        for content in ("one", "two"):
            archive.writestr("model/data", content)
    with pytest.raises(DetectorError, match="two members of one name"):
        read_archive(path, "a program")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("model/data", "content")
        archive.writestr("beside", "content")
    with pytest.raises(DetectorError, match="do not lie in one folder"):
        read_archive(path, "a program")
    content = path.read_bytes().replace(b"content", b"contend", 1)
    path.write_bytes(content)
    with pytest.raises(DetectorError, match="it is damaged"):
        read_archive(path, "a program")


def test_what_was_read_is_what_is_packed(tmp_path):
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("model/code/a.py", "x" * 1000)
    read_one = read_archive(path, "a program")
    with zipfile.ZipFile(read_one.packed()) as archive:
        assert archive.namelist() == ["model/code/a.py"]
        assert archive.read("model/code/a.py") == b"x" * 1000


def smooth(images):
    return images.square().sum(dim=(1, 2, 3)).sin()


@pytest.mark.parametrize(
    ("run", "hold"),
    [
        (smooth, True),
        (lambda one: one.relu().mean(dim=(1, 2, 3)) + smooth(one / 10), True),
        (lambda one: smooth(one) + 0.5 * smooth(one.detach()), False),
        (lambda one: smooth(one.detach()), False),
        (lambda one: (one.sum(dim=(1, 2, 3)).round() - one.sum(dim=(1, 2, 3))).detach()
         + one.sum(dim=(1, 2, 3)), False),
    ],
)  # fmt: skip
def test_slopes_are_compared_with_changes_of_the_score(run, hold):
    image = torch.rand(1, 1, 8, 8, generator=torch.Generator().manual_seed(1))
    assert slopes_hold(run, image) is hold
