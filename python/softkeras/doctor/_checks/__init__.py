"""What diagnose() looks at; a file for each family of checks."""
