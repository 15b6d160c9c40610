"""The HTML pages about a run and about an analysis."""

from tandem.report.pages import ANALYSIS_FILES, ReportContents, analysis_figures, write_analysis, write_report

__all__ = ["ANALYSIS_FILES", "ReportContents", "analysis_figures", "write_analysis", "write_report"]
