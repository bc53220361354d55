"""What people see and type.

plot/    figures
pages/   what page and report are made of
report/  one file to send
web/     the local web app
claims/  what people say, checked
demo     what a newcomer sees first
cli/     the command line
"""
