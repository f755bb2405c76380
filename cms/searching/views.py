"""The report inside the admin. Everybody who may log in sees it: no reader is told apart, and every board can learn."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cms.searching.report import PERIODS, search_report

DEFAULT_PERIOD = 30


@require_safe
def report(request: HttpRequest) -> HttpResponse:
    """What readers searched for in the last days; `days` is one of `PERIODS`."""
    asked = request.GET.get("days", "")
    days = next((period for period in PERIODS if str(period) == asked), DEFAULT_PERIOD)
    context = {"report": search_report(days, timezone.localdate()), "periods": PERIODS}
    return render(request, "searching/report.html", context)
