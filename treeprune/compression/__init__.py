"""compress: the best model within a budget, among pruned ones and ones trained again at a smaller size."""

from .budget import n_bytes
from .compress import compress
from .result import CompressionResult
from .scoring import Scorer

__all__ = ["CompressionResult", "Scorer", "compress", "n_bytes"]
