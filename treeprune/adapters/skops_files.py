"""skops files of scikit-learn models, loaded without trusting them."""

import io
import json
import zipfile

from ..exceptions import ModelFormatError, UnsupportedModelError
from ..extras import import_extra
from .documents import check_nesting

#: Types that skops does not vouch for, but whose structure the adapters check after loading.
_CHECKED = (
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
)


def load_skops(data: bytes, trust: bool, max_bytes: int):
    """The model of a skops file. Its trees are not checked yet.

    Raises
    ------
    ModelFormatError
        The file is malformed or unpacks to more than `max_bytes`.
    UnsupportedModelError
        The file holds types that skops does not know to be safe, and `trust` is False.
    ImportError
        skops is not installed.
    """
    skops = import_extra("skops")  # noqa: F841  says what to install
    import skops.io as skops_io

    from ..links import LINKED

    _check_archive(data, max_bytes)
    try:
        untrusted = skops_io.get_untrusted_types(data=data)
        own = {f"{cls.__module__}.{cls.__qualname__}" for cls in LINKED.values()}
        unknown = sorted(set(untrusted) - set(_CHECKED) - own)
        if unknown and not trust:
            raise UnsupportedModelError(
                f"Untrusted types found in the file: {unknown}. skops does not know that they are safe to load: "
                "give trust=True if you trust the source of the file."
            )
        return skops_io.loads(data, trusted=untrusted)
    except UnsupportedModelError:
        raise
    except Exception as error:  # whatever a tampered file makes of skops' and scikit-learn's constructors
        raise ModelFormatError(f"skops cannot load the file: {type(error).__name__}: {error}") from error


def _check_archive(data, max_bytes):
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
            if size > max_bytes:
                raise ModelFormatError(f"The file unpacks to {size} bytes, more than max_bytes={max_bytes}.")
            schema = archive.read("schema.json")
        check_nesting(schema)
        json.loads(schema)
    except (zipfile.BadZipFile, KeyError, ValueError, EOFError, NotImplementedError, zipfile.zlib.error) as error:
        if isinstance(error, ModelFormatError):
            raise
        raise ModelFormatError(f"not a skops file: {error}") from error
