"""A result on one page of PDF, to be printed or filed."""

from heelstrike.serve.report.page import report_of

__all__ = ["report_of"]
