"""Modules of PyTorch. torch is imported only when one is given: `treeprune.layers.pytorch` knows the rest."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ...core.class_paths import class_paths
from ...exceptions import UnsupportedModelError
from ..layers import Layers
from ..least_squares import FEWEST_ROWS
from .base import LayersAdapter


class TorchAdapter(LayersAdapter):
    """Weights of Linear and convolution modules become zero in any module; units leave chains of modules.

    The copy that comes out is a module of the same class, with plain parameters, and keeps modes (training or not),
    ``requires_grad``, dtypes and devices. Gradients of what changed are gone. Rows run through a copy that predicts.
    """

    models = ("torch.nn.modules.module.Module",)

    def __init__(self, model: Any):
        self.model = model  # any module is fitted

    def _read(self) -> Layers:
        from ..pytorch.network import NetworkLayers

        return NetworkLayers.read(self.model)

    @property
    def stores_sparse(self) -> bool:
        """Its weights are plain parameters."""
        return False

    def _written(self, layers: Layers) -> Any:
        return self.layers.written(layers)

    def rows(self, X: Any) -> Any:
        """Rows as a tensor of shape (n_rows, ...); numbers get the dtype of the weights, if there is no embedding.

        Parameters
        ----------
        X : torch.Tensor or array-like of shape (n_rows, ...)
            As the module takes them: images as (n_rows, n_channels, height, width).
        """
        rows = self._tensor(X)
        if len(rows) < FEWEST_ROWS:
            raise ValueError(
                f"Found array with {len(rows)} sample(s) (shape={tuple(rows.shape)}) while a minimum of {FEWEST_ROWS} "
                "is required."
            )
        if not rows.isfinite().all():
            raise ValueError("Input X contains NaN or infinity.")
        self._outputs(rows[:2])
        return rows

    @property
    def used_features(self):
        """None can be named: rows have any shape."""
        raise UnsupportedModelError(
            f"slim does not take columns out of {type(self.model).__name__}, a module of PyTorch: take units out of it "
            "with UnitPruning."
        )

    def with_features(self, kept):
        """No module is narrowed."""
        return self.used_features

    def score(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> float:
        """How well a module predicts, as scikit-learn's models say it; nothing else tells what its outputs mean.

        Parameters
        ----------
        X : torch.Tensor or array-like of shape (n_rows, ...)
        y : array-like of shape (n_rows,) or (n_rows, n_outputs)
            Integers of shape (n_rows,): numbers of classes; the score is the share of rows whose largest output is that
            of their class. Floats: what the outputs should be; the score is R squared.
        sample_weight : array-like of shape (n_rows,), optional
        """
        from sklearn.metrics import accuracy_score, r2_score

        target, outputs = np.asarray(y), self._outputs(self._tensor(X))
        if target.dtype.kind == "f":
            return float(r2_score(target, outputs.reshape(target.shape), sample_weight=sample_weight))
        if target.dtype.kind not in "iub" or target.ndim != 1 or outputs.ndim != 2 or outputs.shape[1] < 2:
            raise ValueError(
                "The y of a module of PyTorch must be numbers of classes as integers, shape (n_rows,), for an output "
                "of each class, or floats of the shape of the outputs. "
                f"Got {target.dtype} of shape {target.shape} for outputs of shape {outputs.shape}."
            )
        return float(accuracy_score(target, outputs.argmax(axis=1), sample_weight=sample_weight))

    def _tensor(self, X):
        import torch

        from ..pytorch.modules import weighted_modules

        if isinstance(X, torch.Tensor):
            rows = X.detach()
        else:
            rows = np.asarray(X)
            if rows.dtype.kind not in "fiub" or rows.ndim == 0:
                raise ValueError(f"The rows for a module of PyTorch must be numbers. Got {X!r:.60}.")
            rows = torch.from_numpy(np.array(rows, order="C"))
        of_words = any("Embedding" in type(module).__name__ for module in self.model.modules())
        dtype = next(iter(weighted_modules(self.model).values())).weight.dtype
        return rows if of_words and not rows.is_floating_point() else rows.to(dtype)

    def _outputs(self, rows):
        """What the module gives for rows when it predicts, a float64 array."""
        from copy import deepcopy

        import torch

        from ..pytorch.network import BATCH, run

        network = deepcopy(self.model).eval()
        try:
            given = [run(network, batch) for batch in torch.split(rows, BATCH)]
        except (RuntimeError, IndexError, ValueError, TypeError) as error:
            shape = tuple(rows.shape[1:])
            raise ValueError(f"{class_paths(self.model)[0]} takes no rows of shape {shape}: {error}") from error
        return torch.cat(given).to("cpu", torch.float64).numpy()
