"""The finance pack: what a controller prints, files and signs, beside the pages and made of the same rows."""
