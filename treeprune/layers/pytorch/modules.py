"""Which modules of a network hold weights to prune, and which of them make a chain."""

from collections import defaultdict
from collections.abc import Iterator
from math import prod

import torch
from torch import nn

from ...exceptions import UnsupportedModelError

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
#: What makes of each number another, or drops some while training.
_ONE_BY_ONE = (
    *(nn.CELU, nn.Dropout, nn.ELU, nn.GELU, nn.Hardshrink, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.Identity),
    *(nn.LeakyReLU, nn.LogSigmoid, nn.Mish, nn.PReLU, nn.ReLU, nn.ReLU6, nn.SELU, nn.Sigmoid, nn.SiLU, nn.Softplus),
    *(nn.AlphaDropout, nn.Softshrink, nn.Softsign, nn.Tanh, nn.Tanhshrink, nn.Threshold),
)
#: What makes of the image that each channel gives another.
_CHANNEL_BY_CHANNEL = (
    *(nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d, nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d),
    *(nn.AdaptiveMaxPool3d, nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.LPPool1d, nn.LPPool2d, nn.MaxPool1d),
    *(nn.MaxPool2d, nn.MaxPool3d, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.ConstantPad1d, nn.ConstantPad2d),
    *(nn.ReflectionPad1d, nn.ReflectionPad2d, nn.ReplicationPad1d, nn.ReplicationPad2d, nn.ZeroPad1d, nn.ZeroPad2d),
)


def described(name: str, module: nn.Module) -> str:
    """A module in words, by which it is found in its network."""
    return f"{name!r} ({type(module).__name__})" if name else type(module).__name__


def weighted_modules(network: nn.Module) -> dict[str, nn.Module]:
    """The Linear and convolution modules of a network, as deep as they stand, by their names.

    Raises
    ------
    UnsupportedModelError
        There are none, or the weights of one are not its own, or not there: the message names it.
    """
    found = {}
    for name, module in network.named_modules():
        if isinstance(module, torch.jit.ScriptModule):
            raise UnsupportedModelError(f"{described(name, module)} is compiled: give the module that it was made of.")
        if ".quantized" in type(module).__module__:
            raise UnsupportedModelError(f"{described(name, module)} is quantised: prune before.")
        if isinstance(module, (nn.Linear, *CONVOLUTIONS)):
            _check_weights(name, module)
            found[name] = module
    if not found:
        raise UnsupportedModelError(f"There is no Linear or convolution in {type(network).__name__}.")
    _check_not_shared(network, found)
    return found


def _check_weights(name, module):
    held = dict(module.named_parameters(recurse=False))
    if "weight" not in held or (module.bias is not None and "bias" not in held):
        raise UnsupportedModelError(
            f"Weights of {described(name, module)} are computed from others (a mask of torch.nn.utils.prune, a norm, a "
            "parametrization): make them plain parameters first, as torch.nn.utils.prune.remove does."
        )
    for parameter in held.values():
        if nn.parameter.is_lazy(parameter) or parameter.is_meta:
            raise UnsupportedModelError(f"The weights of {described(name, module)} are not there yet.")
        if not parameter.is_floating_point():
            raise UnsupportedModelError(f"The weights of {described(name, module)} are {parameter.dtype}, no floats.")


def _check_not_shared(network, found):
    places = defaultdict(list)
    for place, parameter in network.named_parameters(remove_duplicate=False):
        places[id(parameter)].append(place)
    for name, module in found.items():
        for parameter in module.parameters(recurse=False):
            if len(places[id(parameter)]) > 1:
                shared = " and ".join(map(repr, places[id(parameter)]))
                raise UnsupportedModelError(f"{described(name, module)} shares its weights: {shared} are the same.")


def chain_of(network: nn.Module) -> dict[str, list[str]]:
    """The names of the modules with weights in the order in which they feed each other, each with those of the modules
    behind it whose parameters are by its units: batch norms and such.

    Raises
    ------
    UnsupportedModelError
        The network is no chain whose units can leave: the message names the module that is none of it.
    """
    weighted = weighted_modules(network)
    chain: dict[str, list[str]] = {}
    between: list[tuple[str, nn.Module]] = []
    for name, module in _steps(network, ""):
        if name not in weighted:
            inside = [other for other in weighted if other.startswith(f"{name}." if name else "")]
            if inside:
                _refuse(name, module, f"holds {inside[0]!r} and says itself how it is called: it may not be a chain")
            between.append((name, module))
            continue
        if chain:
            before = list(chain)[-1]
            chain[before] = _followers(before, weighted[before], between, name, module)
        chain[name], between = [], []
    return chain


def _steps(module: nn.Module, name: str) -> Iterator[tuple[str, nn.Module]]:
    """The modules of a Sequential and of those inside it, in order, with their names."""
    ahead = [(name, module)]
    while ahead:
        name, module = ahead.pop()
        if isinstance(module, nn.Sequential) and type(module).forward is nn.Sequential.forward:
            inside = [(f"{name}.{child}".lstrip("."), each) for child, each in module._modules.items()]
            ahead.extend(reversed(inside))
        else:
            yield name, module


def _followers(before_name, before, between, name, module):
    """The modules between two with weights whose parameters are by the units of the first."""
    followers, is_flat, is_image = [], False, not isinstance(before, nn.Linear)
    n_units = before.weight.shape[0]
    for step_name, step in between:
        if (type(step) in NORMS and step.num_features == n_units) or (
            type(step) is nn.PReLU and step.num_parameters > 1
        ):
            followers.append(step_name)
        elif type(step) is nn.Flatten and (step.start_dim, step.end_dim) == (1, -1):
            is_flat = True
        elif type(step) not in _ONE_BY_ONE and not (is_image and not is_flat and type(step) in _CHANNEL_BY_CHANNEL):
            _refuse(step_name, step, f"stands between {before_name!r} and {name!r}: it may mix units")
        if is_flat and step_name in followers:
            _refuse(step_name, step, "stands behind Flatten: it does not keep units apart")
    for each_name, each in ((before_name, before), (name, module)):
        if getattr(each, "groups", 1) > 1:
            _refuse(each_name, each, f"has {each.groups} groups of channels")
    if isinstance(module, nn.Linear):
        fits = is_flat or not is_image
        n_each = module.in_features / n_units
    else:
        fits = is_image and not is_flat
        n_each = module.in_channels / n_units * prod(module.kernel_size)
    if not fits or n_each % 1 or (not is_image and n_each != 1):
        _refuse(name, module, f"is not fed the units of {before_name!r} one behind the other")
    return followers


def _refuse(name, module, why):
    raise UnsupportedModelError(
        f"Units are taken out of chains of modules only, and {described(name, module)} {why}. Methods that make "
        "weights zero, such as MagnitudePruning, take any module."
    )
