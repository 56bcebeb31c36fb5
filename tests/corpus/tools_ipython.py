import IPython
import traitlets.config

settings = traitlets.config.Config()
settings.HistoryManager.enabled = False
settings.InteractiveShell.simple_prompt = True
settings.InteractiveShell.colors = "NoColor"


def work(number):
    doubled = number * 2
    IPython.embed(config=settings, banner1="banner", banner2="no tip", exit_msg="left", colors="nocolor")
    return doubled


print("before")
print(work(4))
