"""Modules of PyTorch, against torch itself and numpy's lstsq."""

import copy

import numpy as np
import pytest

from treeprune import prune, pruning_path, slim
from treeprune.exceptions import ModelFormatError, UnsupportedModelError
from treeprune.layers.adapters import find_adapter
from treeprune.methods import (
    FineGrainedPruning,
    MagnitudePruning,
    OptimalBrainSurgeon,
    SparsityPruning,
    UnitPruning,
)

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.nn.utils import prune as masks  # noqa: E402

METHODS = [
    *(UnitPruning(0.5, criterion=criterion) for criterion in ("norm", "activation", "obs")),
    *(MagnitudePruning(0.8), OptimalBrainSurgeon(0.5), FineGrainedPruning(), SparsityPruning(0.1)),
]
ZEROING = METHODS[3:]


def images(n_rows=60, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=(n_rows, 2, 8, 8)))


def convolutional(dtype=torch.float64):
    torch.manual_seed(0)
    first = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), nn.ReLU(), nn.MaxPool2d(2))
    second = nn.Sequential(nn.Conv2d(6, 8, 2, stride=2, dilation=1), nn.PReLU(8), nn.Flatten(), nn.Dropout())
    net = nn.Sequential(first, second, nn.Linear(32, 10), nn.BatchNorm1d(10), nn.Tanh(), nn.Linear(10, 3)).to(dtype)
    net(images().to(dtype))
    return net


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.last, self.first = nn.Linear(5, 2), nn.Linear(5, 5)

    def forward(self, x):
        return self.last(x + torch.relu(self.first(x)))


def outputs(net, rows):
    with torch.no_grad():
        return copy.deepcopy(net).eval()(rows)


def same_state(one, other):
    one, other = one.state_dict(), other.state_dict()
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("method", METHODS, ids=repr)
def test_gives_a_smaller_module_of_the_same_class_and_changes_nothing(method, dtype):
    net = convolutional(dtype)
    net[0][0].weight.requires_grad = False
    net[1].eval()
    before, rows = copy.deepcopy(net), images().to(dtype)
    small = prune(net, method, rows)
    assert same_state(net, before)
    assert [m.training for m in small.modules()] == [m.training for m in net.modules()]
    assert [p.requires_grad for p in small.parameters()] == [p.requires_grad for p in net.parameters()]
    assert {p.dtype for p in small.parameters()} == {dtype}
    assert [type(m) for m in small.modules()] == [type(m) for m in net.modules()]
    assert find_adapter(small).layers.n_weights < find_adapter(net).layers.n_weights
    assert outputs(small, rows).shape == (60, 3)
    small.train()(rows).sum().backward()
    assert same_state(prune(net, method, rows.numpy()), small.eval()) or small[0][1].num_batches_tracked > 1


def test_arrays_shrink_and_what_stands_behind_follows():
    small = prune(convolutional(), UnitPruning(n_units=(3, 4, 5)), images())
    assert (small[0][0].out_channels, small[0][1].num_features, small[1][0].in_channels) == (3, 3, 3)
    assert (small[1][0].out_channels, small[1][1].num_parameters, small[2].in_features) == (4, 4, 16)
    assert (small[2].out_features, small[3].num_features, small[5].in_features) == (5, 5, 5)
    assert small[0][1].running_mean.shape == (3,)


def test_without_reconstruction_it_is_what_torch_gives_with_units_silenced():
    net, rows = convolutional(), images()
    small = prune(net, UnitPruning(0.5, criterion="norm", reconstruct=None))
    silent = copy.deepcopy(net).eval()
    for conv, stops in ((silent[0][0], silent[0][2]), (silent[1][0], silent[1][1]), (silent[2], silent[4])):
        size = conv.weight.detach().abs().flatten(1).sum(1)
        keep = torch.zeros(len(size), dtype=bool)
        keep[size.argsort(descending=True)[: len(size) // 2]] = True

        def hook(module, args, out, keep=keep):
            return out * keep.reshape(1, -1, *[1] * (out.ndim - 2))

        stops.register_forward_hook(hook)
    with torch.no_grad():
        assert torch.allclose(outputs(small, rows), silent(rows), atol=1e-12)


@pytest.mark.parametrize("method", [SparsityPruning(0.0), MagnitudePruning(0.0), UnitPruning(0.0)], ids=repr)
def test_where_nothing_is_lost_nothing_changes(method):
    net = convolutional()
    assert same_state(prune(net, method, images()), net)


def test_filters_that_copy_others_are_spared_without_loss():
    net = convolutional()
    first, norm, second = net[0][0], net[0][1], net[1][0]
    with torch.no_grad():
        first.weight[3:] = first.weight[:3]
        for numbers in (norm.weight, norm.bias, norm.running_mean, norm.running_var):
            numbers[3:] = numbers[:3].clone()
        second.weight[:, 3:] *= 0.5
    small = prune(net, UnitPruning(n_units=(3, 8, 10)), images(200))
    assert torch.allclose(outputs(small, images(20, 1)), outputs(net, images(20, 1)), atol=1e-4)


@pytest.mark.parametrize("settings", [{"padding": 1}, {"stride": 2}, {"dilation": 2, "padding": (2, 1)},
                                      {"padding": "same"}, {"padding": 1, "padding_mode": "circular"}])  # fmt: skip
def test_convolutions_are_solved_as_unfolding_and_lstsq_do(settings):
    torch.manual_seed(1)
    net, rows = nn.Sequential(nn.Conv2d(2, 4, 3, **settings)).double(), images(400)
    small = prune(net, FineGrainedPruning(None, 0.5), rows)
    pads = settings.get("padding", 0)
    fed, pads = (functional.pad(rows, [1] * 4, "circular"), 0) if "padding_mode" in settings else (rows, pads)
    pads = 1 if pads == "same" else pads
    seen = functional.unfold(fed, 3, settings.get("dilation", 1), pads, settings.get("stride", 1))
    seen = seen.transpose(1, 2).reshape(-1, 18).numpy()
    wanted = outputs(net, rows).permute(0, 2, 3, 1).reshape(-1, 4).numpy()
    for unit in range(4):
        weights = small[0].weight[unit].detach().ravel().numpy()
        kept = np.flatnonzero(weights)
        assert len(kept) == 9
        exact = np.linalg.lstsq(np.column_stack([seen[:, kept], np.ones(len(seen))]), wanted[:, unit], rcond=None)[0]
        assert np.allclose([*weights[kept], small[0].bias[unit].item()], exact, atol=0.02)


@pytest.mark.parametrize("method", ZEROING, ids=repr)
def test_any_module_loses_weights(method):
    net, rows = Residual(), torch.randn(80, 5)
    small = prune(net, method, rows)
    assert type(small) is Residual
    assert find_adapter(small).layers.n_weights < find_adapter(net).layers.n_weights


@pytest.mark.parametrize(
    ("make", "method", "words"),
    [
        (Residual, UnitPruning(0.5), "Residual holds 'last' and says itself how it is called"),
        (lambda: nn.Sequential(nn.Linear(5, 5), nn.LayerNorm(5), nn.Linear(5, 2)), UnitPruning(0.5), "'1' .LayerNorm"),
        (lambda: nn.Sequential(nn.LazyLinear(3)), MagnitudePruning(0.5), r"'0' \(LazyLinear\) are not there yet"),
        (lambda: nn.Sequential(*[nn.Linear(5, 5)] * 2), MagnitudePruning(0.5), "'0.weight' and '1.weight' are"),
        (lambda: masks.l1_unstructured(nn.Linear(5, 2), "weight", 0.5), MagnitudePruning(0.5), "computed from others"),
        (lambda: nn.utils.parametrizations.weight_norm(nn.Linear(5, 2)), MagnitudePruning(0.5), "computed from others"),
        (nn.ReLU, MagnitudePruning(0.5), "no Linear or convolution in ReLU"),
    ],
)  # fmt: skip
def test_refusals_name_the_module(make, method, words):
    with pytest.raises(UnsupportedModelError, match=words):
        prune(make(), method, torch.randn(20, 5))


def test_rows_and_weights_that_do_not_fit():
    net, method = nn.Sequential(nn.Linear(5, 3), nn.ReLU(), nn.Linear(3, 2)), MagnitudePruning(0.5)
    for rows, words in ((np.ones((20, 4)), "takes no rows of shape"), (np.ones((9, 5)), "minimum of 10"),
                        (np.full((20, 5), np.nan), "NaN"), (np.full((20, 5), "a"), "must be numbers")):  # fmt: skip
        with pytest.raises(ValueError, match=words):
            prune(net, method, rows)
    with pytest.raises(UnsupportedModelError, match="slim does not take columns out of Sequential"):
        slim(net, np.ones((20, 5)))
    net[0].weight.data[0, 0] = torch.inf
    with pytest.raises(ModelFormatError, match=r"The weights of '0' \(Linear\) must be finite"):
        prune(net, method, np.ones((20, 5)))


def test_scores_along_a_path_are_accuracy_or_r_squared():
    net, rows = convolutional(), images()
    labels = outputs(net, rows).argmax(1)
    assert pruning_path(net, UnitPruning(), rows, labels).scores[0] == 1.0
    assert np.isclose(pruning_path(net, UnitPruning(), rows, outputs(net, rows).numpy()).scores[0], 1.0)
    with pytest.raises(ValueError, match="numbers of classes as integers"):
        pruning_path(net, UnitPruning(), rows, labels.numpy().astype(str))
