"""compress: pruning, selection and models trained anew, side by side within a budget."""

from .compress import CompressionResult, compress, n_bytes
from .rivals import Rival, rivals
from .scoring import Scorer

__all__ = ["CompressionResult", "Rival", "Scorer", "compress", "n_bytes", "rivals"]
