"""How dates are written in the admin (FORMAT_MODULE_PATH): dd/MM/yyyy, weeks from Monday."""
