"""compress: pruning, selection and models trained anew, side by side within a budget."""

from .budget import n_bytes
from .compress import CompressionResult, compress
from .scoring import Scorer

__all__ = ["CompressionResult", "Scorer", "compress", "n_bytes"]
