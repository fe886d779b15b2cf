"""Layers of a network of PyTorch: read from its modules, fed by running them, and written into them."""

from collections.abc import Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ...exceptions import ModelFormatError, UnsupportedModelError
from ..layers import Feed, Layer, Layers, Mask, Seen
from .modules import CONVOLUTIONS, NORMS, chain_of, described, weighted_modules
from .windows import windows

#: Rows that run through a network together.
BATCH = 256
#: About how many numbers the units of a layer see at most, 256 MB as float64: of each row so many places are drawn.
MOST_SEEN = 2**25


@dataclass(frozen=True, eq=False)
class ModuleLayer(Layer):
    """The weights of one module.

    Parameters
    ----------
    name : str
        The name of the module in its network.
    followers : tuple of str, default=()
        Names of the modules behind it whose parameters are by its units.
    takes_bias : bool, default=False
        Whether the first of these takes up the bias, where the module itself has none.
    origin : ndarray of int, shape (n_units,)
        Which units these are of the module.
    """

    name: str = ""
    followers: tuple[str, ...] = ()
    takes_bias: bool = False
    origin: NDArray[np.intp] | None = None

    def part(self, inputs: Mask, units: Mask) -> "ModuleLayer":
        """The layer with some of its inputs and units."""
        assert self.origin is not None
        return replace(super().part(inputs, units), origin=self.origin[units])


@dataclass(frozen=True, eq=False)
class NetworkLayers(Layers):
    """The layers of a network; if it is no chain, in any order, and units stay.

    Parameters
    ----------
    network : torch.nn.Module
        It is not changed.
    why_no_chain : str or None
        What says why units can't leave.
    """

    network: Any = None
    why_no_chain: str | None = None

    @classmethod
    def read(cls, network: nn.Module) -> "NetworkLayers":
        """The layers of a network; errors as `weighted_modules`."""
        modules = weighted_modules(network)
        try:
            chain, why = chain_of(network), None
        except UnsupportedModelError as error:
            chain, why = {name: [] for name in modules}, str(error)
        layers: list[ModuleLayer] = []
        for name, followers in chain.items():
            n_before = layers[-1].n_units if layers and why is None else None
            layers.append(_read(network, name, tuple(followers), n_before))
        return cls(tuple(layers), network, why)

    def check_units(self) -> None:
        """Raise UnsupportedModelError unless the network is a chain."""
        if self.why_no_chain is not None:
            raise UnsupportedModelError(self.why_no_chain)

    def feed(self, rows: Any, row_weight: NDArray[np.float64] | None = None) -> "NetworkFeed":
        """What rows, a tensor of shape (n_rows, ...), feed each layer."""
        return NetworkFeed(self, rows, row_weight)

    def validate(self) -> "NetworkLayers":
        """The layers themselves, if their numbers are finite; torch sees to it that they fit each other."""
        for layer in self:
            assert isinstance(layer, ModuleLayer)
            for what in ("weights", "bias"):
                if not np.isfinite(getattr(layer, what)).all():
                    module = described(layer.name, self.network.get_submodule(layer.name))
                    raise ModelFormatError(f"The {what} of {module} must be finite.")
        return self

    def written(self, layers: Layers) -> nn.Module:
        """A copy of the network with other layers."""
        other = deepcopy(self.network)
        for before, layer in zip(self, layers, strict=True):
            if layer is not before:
                put(other, layer)
        return other


class NetworkFeed(Feed):
    """What rows feed each module with weights: what reaches it when a copy of the network runs, as it predicts.

    Nothing is kept: for each layer, rows run through those before it again, in batches. Where a module looks at many
    places of a row, as convolutions do, some are drawn; they are the same whenever the same rows are given.

    Raises
    ------
    ValueError
        The network does not run on such rows.
    """

    def __init__(self, layers: NetworkLayers, rows: torch.Tensor, row_weight: NDArray[np.float64] | None = None):
        super().__init__(layers, rows, row_weight)
        self._network = deepcopy(layers.network).eval()

    @property
    def order(self) -> Sequence[int]:
        """The places of the layers in the order in which modules run; each has to, once.

        Raises
        ------
        UnsupportedModelError
            One does not: the message names it.
        """
        place_of = {layer.name: place for place, layer in enumerate(self._chain)}
        ran: list[int] = []
        hooks = [
            self._network.get_submodule(name).register_forward_hook(lambda *_, place=place: ran.append(place))
            for name, place in place_of.items()
        ]
        try:
            run(self._network, self._rows[:2])
        finally:
            for hook in hooks:
                hook.remove()
        for name, place in place_of.items():
            if ran.count(place) != 1:
                module = described(name, self._network.get_submodule(name))
                raise UnsupportedModelError(
                    f"{module} runs {ran.count(place)} times for each row: what it is fed is not known. Set "
                    "reconstruct=None."
                )
        return ran

    def __getitem__(self, place: int) -> Seen:
        """What the units of a layer see at the places that are drawn."""
        layer = self._chain[place]
        module = self._network.get_submodule(layer.name)
        if getattr(module, "groups", 1) > 1:
            raise UnsupportedModelError(
                f"{described(layer.name, module)} has {module.groups} groups of channels, which are not solved "
                "again on rows: set reconstruct=None."
            )
        drawn, n_places = [], 1
        for number, fed in enumerate(self._fed_to(module)):
            seen = windows(module, fed)
            n_places = min(seen.shape[1], max(1, MOST_SEEN // (len(self._rows) * layer.n_in)))
            drawn.append(_drawn(seen, n_places, number))
        weight = None if self._weight is None else np.repeat(self._weight, n_places)
        return Seen(np.concatenate(drawn), weight, n_places)

    def exchange(self, place: int, layer: Layer) -> None:
        """The module gets other weights."""
        put(self._network, layer)
        super().exchange(place, layer)

    def _fed_to(self, module: nn.Module) -> Iterator[torch.Tensor]:
        """What reaches a module, batch by batch; what would come after it does not run."""

        def stop(_, args, kwargs):
            raise _ReachedError(args[0] if args else next(iter(kwargs.values())))

        for batch in torch.split(self._rows, BATCH):
            hook = module.register_forward_pre_hook(stop, with_kwargs=True)
            try:
                run(self._network, batch)
            except _ReachedError as reached:
                yield reached.fed
            finally:
                hook.remove()


class _ReachedError(Exception):
    """A module was reached, and was to be fed this."""

    def __init__(self, fed: torch.Tensor):
        super().__init__()
        self.fed = fed


def run(network: nn.Module, rows: torch.Tensor) -> Any:
    """What a network, on the device where its weights are, makes of rows, without gradients."""
    with torch.no_grad():
        return network(rows.to(next(network.parameters()).device))


def _drawn(seen: torch.Tensor, n_places: int, seed: int) -> NDArray[np.float64]:
    """Places of each row, all or some, one behind the other: shape (n_rows * n_places, n_in)."""
    n_rows, n_all = seen.shape[:2]
    if n_places < n_all:
        chosen = np.random.default_rng(seed).random((n_rows, n_all)).argsort(axis=1)[:, :n_places]
        seen = seen[torch.arange(n_rows)[:, None], torch.from_numpy(chosen)]
    return seen.reshape(n_rows * n_places, -1).to("cpu", torch.float64).numpy()


def _read(network, name, followers, n_before):
    module = network.get_submodule(name)
    weights = _array(module.weight)
    weights = weights.reshape(len(weights), -1).T
    takes_bias = module.bias is None and bool(followers) and _takes_bias(network.get_submodule(followers[0]))
    n_columns = len(weights) // int(np.prod(module.weight.shape[2:])) if n_before is None else n_before
    return ModuleLayer(
        weights,
        np.zeros(weights.shape[1]) if module.bias is None else _array(module.bias),
        has_bias=module.bias is not None or takes_bias,
        n_each=len(weights) // n_columns,
        name=name,
        followers=followers,
        takes_bias=takes_bias,
        origin=np.arange(weights.shape[1]),
    )


def _takes_bias(module):
    return type(module) in NORMS and module.affine and module.running_var is not None


def _array(parameter):
    return parameter.detach().to("cpu", torch.float64).numpy()


def put(network: nn.Module, layer: Layer) -> None:
    """Give a module of a network the weights of a layer, and those behind it what belongs to its units."""
    assert isinstance(layer, ModuleLayer)
    module = network.get_submodule(layer.name)
    shape = layer.n_units, -1, *module.weight.shape[2:]
    module.weight = _parameter(layer.weights.T.reshape(shape), module.weight)
    if module.bias is not None:
        module.bias = _parameter(layer.bias, module.bias)
    if isinstance(module, CONVOLUTIONS):
        module.out_channels, module.in_channels = layer.n_units, module.weight.shape[1] * module.groups
    else:
        module.out_features, module.in_features = module.weight.shape
    for name in layer.followers:
        _shrink(network.get_submodule(name), layer.origin)
    if layer.takes_bias and layer.bias.any():
        norm = network.get_submodule(layer.followers[0])
        scale = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
        norm.bias = _parameter(_array(norm.bias) + scale * layer.bias, norm.bias)


def _shrink(module, kept):
    """Leave a batch norm, or another module with numbers by unit, those of some units."""
    kept = torch.from_numpy(kept)
    for name, parameter in module.named_parameters(recurse=False):
        setattr(module, name, nn.Parameter(parameter.detach()[kept.to(parameter.device)], parameter.requires_grad))
    for name, buffer in module.named_buffers(recurse=False):
        if buffer.ndim == 1:
            setattr(module, name, buffer[kept.to(buffer.device)].clone())
    setattr(module, "num_features" if type(module) in NORMS else "num_parameters", len(kept))


def _parameter(values, like):
    """A parameter with other values, as the one before in all else."""
    return nn.Parameter(torch.as_tensor(np.ascontiguousarray(values)).to(like.device, like.dtype), like.requires_grad)
