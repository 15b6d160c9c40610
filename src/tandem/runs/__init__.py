"""What a user does with models: train, evaluate, compare, analyse, average, export and push them.

Importing this package loads no torch, since an export is evaluated without it.
"""

from typing import TYPE_CHECKING

from tandem.lazy import names_of

if TYPE_CHECKING:
    from tandem.runs.analyses import analyse
    from tandem.runs.averaging import average
    from tandem.runs.comparison import RunComparison, compare
    from tandem.runs.evaluation import Evaluation, evaluate
    from tandem.runs.exporting import Exported, export
    from tandem.runs.publishing import prepare_push, push
    from tandem.runs.trainer import train
    from tandem.runs.web_page import ExportedPage, export_page

__all__ = [
    "Evaluation",
    "Exported",
    "ExportedPage",
    "RunComparison",
    "analyse",
    "average",
    "compare",
    "evaluate",
    "export",
    "export_page",
    "prepare_push",
    "push",
    "train",
]

__getattr__ = names_of(
    __name__,
    {
        "analyses": ("analyse",),
        "averaging": ("average",),
        "comparison": ("RunComparison", "compare"),
        "evaluation": ("Evaluation", "evaluate"),
        "exporting": ("Exported", "export"),
        "publishing": ("prepare_push", "push"),
        "trainer": ("train",),
        "web_page": ("ExportedPage", "export_page"),
    },
)
