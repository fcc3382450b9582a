"""One schema of settings (pydantic, frozen, extra=forbid), a vendor file and a site file over it. Opens no device."""
