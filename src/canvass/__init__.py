"""Choose which few hundred of millions of unlabelled requests are worth a person's time.

The names below are the library; each is loaded when it is first used, so that `import canvass` costs nothing.

>>> import canvass
>>> canvass.Target.parse("domain:music")
Target(kind='domain', name='music', others=())
"""

from __future__ import annotations

import importlib
import logging
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from canvass.corpus.formats.column_names import Columns as Columns
    from canvass.corpus.labelled import read_labelled as read_labelled
    from canvass.corpus.pool import Pool as Pool
    from canvass.errors import CanvassError as CanvassError
    from canvass.integrations.adapters import as_skactiveml as as_skactiveml
    from canvass.integrations.adapters import as_small_text as as_small_text
    from canvass.integrations.estimator import CommitteeClassifier as CommitteeClassifier
    from canvass.integrations.estimator import HashedNgrams as HashedNgrams
    from canvass.models.committee import Committee as Committee
    from canvass.models.nlu import NLU as NLU
    from canvass.models.tagger import Tagger as Tagger
    from canvass.selection.batch_file import Batch as Batch
    from canvass.selection.batch_file import write_batch as write_batch
    from canvass.selection.engines import select as select
    from canvass.selection.engines import select_each as select_each
    from canvass.selection.multi_target import Plans as Plans
    from canvass.selection.plan import Plan as Plan
    from canvass.strategies import STRATEGIES as STRATEGIES
    from canvass.types import Candidate as Candidate
    from canvass.types import Prediction as Prediction
    from canvass.types import Slot as Slot
    from canvass.types import Target as Target
    from canvass.types import Utterance as Utterance

__version__ = "0.1.0"

_HOME = {
    "Batch": "selection.batch_file",
    "Candidate": "types",
    "CanvassError": "errors",
    "Committee": "models.committee",
    "CommitteeClassifier": "integrations.estimator",
    "Columns": "corpus.formats.column_names",
    "HashedNgrams": "integrations.estimator",
    "NLU": "models.nlu",
    "Plan": "selection.plan",
    "Plans": "selection.multi_target",
    "Pool": "corpus.pool",
    "Prediction": "types",
    "STRATEGIES": "strategies",
    "Slot": "types",
    "Tagger": "models.tagger",
    "Target": "types",
    "Utterance": "types",
    "as_skactiveml": "integrations.adapters",
    "as_small_text": "integrations.adapters",
    "read_labelled": "corpus.labelled",
    "select": "selection.engines",
    "select_each": "selection.engines",
    "write_batch": "selection.batch_file",
}
__all__ = ["__version__", *sorted(_HOME)]  # noqa: PLE0604 - strings, all of them

logging.getLogger(__name__).addHandler(logging.NullHandler())


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'canvass' has no attribute {name!r}")
    return getattr(importlib.import_module(f"canvass.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
