"""What the units of a module look at: convolutions by unfolding."""

from itertools import chain

import torch
from torch import nn
from torch.nn import functional


def windows(module: nn.Module, fed: torch.Tensor) -> torch.Tensor:
    """The inputs that the units of a Linear or a convolution weigh at each place: (n_rows, n_places, ...).

    Parameters
    ----------
    module : torch.nn.Module
    fed : torch.Tensor, shape (n_rows, ..., n_features) or (n_rows, n_channels, ...)
    """
    if isinstance(module, nn.Linear):
        return fed.reshape(len(fed), -1, fed.shape[-1])
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    looked_at = functional.pad(fed, _padding(module), mode=mode)
    n_spaces = looked_at.ndim - 2
    for space in range(n_spaces):
        size, gap, step = module.kernel_size[space], module.dilation[space], module.stride[space]
        looked_at = looked_at.unfold(2 + space, gap * (size - 1) + 1, step)[..., ::gap]
    spaces = range(2, 2 + n_spaces)
    by_place = looked_at.permute(0, *spaces, 1, *range(2 + n_spaces, 2 + 2 * n_spaces))
    return by_place.flatten(1, n_spaces)


def _padding(module):
    """How much is added before and after, the last space first, as `torch.nn.functional.pad` takes it."""
    if module.padding == "same":
        totals = [gap * (size - 1) for gap, size in zip(module.dilation, module.kernel_size, strict=True)]
        pads = [(total // 2, total - total // 2) for total in totals]
    elif module.padding == "valid":
        pads = [(0, 0)] * len(module.kernel_size)
    else:
        pads = [(pad, pad) for pad in module.padding]
    return list(chain.from_iterable(reversed(pads)))
