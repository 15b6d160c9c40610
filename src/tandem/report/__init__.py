"""The HTML pages about a run and about an analysis."""

from tandem.report.analysis_page import ANALYSIS_FILES, analysis_figures, write_analysis
from tandem.report.page import ReportContents, write_report

__all__ = ["ANALYSIS_FILES", "ReportContents", "analysis_figures", "write_analysis", "write_report"]
