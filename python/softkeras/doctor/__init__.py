"""Why does my loss not train?"""
