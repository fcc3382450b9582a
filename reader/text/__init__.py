"""Every sentence and spoken line, by stable id, in each language, as tables; no logic beyond looking one up."""
