"""The only reader and writer of ``models/`` and ``cache/``.

Conventions
-----------
A model is loaded through its card (:mod:`xai_core.store.models`). Cache files are
named by the SHA-256 of what decides them (:mod:`xai_core.store.keys`), written
beside and renamed into place, read without pickle, and removed when damaged. A
cache that cannot be written costs time, never a result.
"""

from xai_core.store.files import is_digest
from xai_core.store.keys import (
    cache_key,
    comparison_key,
    explaining_code,
    map_key,
    package_version,
    spectrogram_key,
    training_code,
    training_key,
)
from xai_core.store.models import (
    Card,
    available_models,
    find_faults,
    load_model,
    model_sets,
    named_models,
    read_audit,
    read_card,
    read_method_tests,
    read_summary,
    read_type_weights,
    read_verdict,
    save_model,
    set_folder,
    ten_way_name,
    write_method_tests,
    write_summary,
    write_verdict,
)
from xai_core.store.results import (
    has_recording,
    keep_recording,
    read_cached,
    read_cached_model,
    read_chunk,
    read_recording,
    remove_cached,
    remove_recording,
    write_cached,
    write_cached_model,
    write_chunk,
)
from xai_core.store.weights import load_network

__all__ = [
    "Card",
    "available_models",
    "cache_key",
    "comparison_key",
    "explaining_code",
    "find_faults",
    "has_recording",
    "is_digest",
    "keep_recording",
    "load_model",
    "load_network",
    "map_key",
    "model_sets",
    "named_models",
    "package_version",
    "read_audit",
    "read_cached",
    "read_cached_model",
    "read_card",
    "read_chunk",
    "read_method_tests",
    "read_recording",
    "read_summary",
    "read_type_weights",
    "read_verdict",
    "remove_cached",
    "remove_recording",
    "save_model",
    "set_folder",
    "spectrogram_key",
    "ten_way_name",
    "training_code",
    "training_key",
    "write_cached",
    "write_cached_model",
    "write_chunk",
    "write_method_tests",
    "write_summary",
    "write_verdict",
]
