"""Forms of the review and withdraw pages."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DecisionForm(forms.Form):
    """A decision about a waiting text. Sending back needs a word to the author."""

    action = forms.ChoiceField(choices=[("approve", ""), ("reject", ""), ("endorse", "")])
    comment = forms.CharField(
        label=_("Comment"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )

    def clean(self) -> dict[str, str]:
        cleaned = super().clean()
        if cleaned.get("action") == "reject" and not cleaned.get("comment", "").strip():
            self.add_error("comment", _("Tell the author what to change."))
        return cleaned


class WithdrawForm(forms.Form):
    """Why an item is withdrawn; kept in the log."""

    reason = forms.CharField(label=_("Reason"), max_length=300, widget=forms.Textarea(attrs={"rows": 3}))
