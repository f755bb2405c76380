"""The Pelican theme: templates, stylesheet, texts. Presentation only; imports no other room of the project."""
