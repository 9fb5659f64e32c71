"""The report: what a trained model is worth, where it errs and how it thinks, as one HTML file that needs no network."""

from glassnet.seeing.report.document import Report, page
from glassnet.seeing.report.material import Material, Repeat
from glassnet.seeing.report.reporting import report

__all__ = ["Material", "Repeat", "Report", "page", "report"]
