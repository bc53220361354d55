"""`python -m isoflop` is the command line."""

from isoflop.faces.cli import main

if __name__ == "__main__":  # the processes of isoflop web load this file under another name
    main()
