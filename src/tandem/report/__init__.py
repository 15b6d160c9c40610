"""The page that a person looks at after a run."""

from tandem.report.page import ReportContents, write_report

__all__ = ["ReportContents", "write_report"]
