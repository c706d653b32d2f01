/*
 * The main executable of Voicemate.app: it runs Python inside its own process.
 *
 * macOS gives the microphone, and a place in the menu bar, to the bundle whose main executable is the process. So this
 * program stays the process: it loads Python's library, hands it the arguments, and is nothing more. The permission is
 * tied to these bytes, therefore they never change: whatever may (where Python is, which module to run) is read from
 * host.conf, a file outside the bundle.
 *
 *     library=/opt/homebrew/opt/python@3.12/Frameworks/Python.framework/Versions/3.12/Python
 *     python=/Users/someone/voicemate/.venv/bin/python
 *     argument=-I                  (any number: for Python, before the arguments given to this program)
 *     default=run                  (any number: in place of arguments, when none were given)
 *     environment=NAME=VALUE       (any number)
 *
 * One key a line, nothing is trimmed, unknown keys and lines that begin with # are skipped.
 *
 * Py_BytesMain is used rather than PyConfig: its signature has been the same since Python 3.8, while PyConfig's layout
 * differs from one Python to the next and would have to be compiled in. It finds the virtual environment by argv[0],
 * as `python` itself does.
 *
 * Exit code: Python's own; 78 (EX_CONFIG) when Python cannot be run at all. Under launchd, which starts again what
 * ends with another code than 0, that one is 0: only a person can mend it.
 */

#define _DEFAULT_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __APPLE__
#define CONF "Library/Application Support/voicemate/host.conf"
#else
#define CONF ".local/share/voicemate/host.conf"
#endif

enum { EX_CONFIGURATION = 78, LONGEST_PATH = 4096, LONGEST_CONF = 64 * 1024, MOST_ARGUMENTS = 256, LONGEST_LOG = 1 << 20 };

typedef int (*python_main)(int, char **);

struct conf {
    char *library;
    char *python;
    char *arguments[MOST_ARGUMENTS];
    char *defaults[MOST_ARGUMENTS];
    int argument_count;
    int default_count;
};

static int under_launchd(void) {
    const char *service = getenv("VOICEMATE_SERVICE");
    return service && strcmp(service, "launchd") == 0;
}

/* Say what is wrong and what to do about it, and leave. */
static void fail(const char *what, const char *which, const char *why) {
    fprintf(stderr, "voicemate: %s %s%s%s. Run `voicemate service install` from where voicemate is now.\n", what, which,
            *why ? ": " : "", why);
    exit(under_launchd() ? 0 : EX_CONFIGURATION);
}

static void conf_path(char *path) {
    const char *home = getenv("HOME");
    if (!home || home[0] != '/') {
        const struct passwd *me = getpwuid(getuid());
        home = me ? me->pw_dir : "";
    }
    if (snprintf(path, LONGEST_PATH, "%s/%s", home, CONF) >= LONGEST_PATH)
        fail("this path is too long:", home, "");
}

/* The whole text of host.conf; only a file that nobody else can write is trusted. */
static char *read_conf(const char *path) {
    static char text[LONGEST_CONF + 1];
    struct stat about;
    size_t length = 0;
    ssize_t got;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &about) < 0)
        fail("cannot read", path, strerror(errno));
    if ((about.st_uid != geteuid() && about.st_uid != 0) || (about.st_mode & (S_IWGRP | S_IWOTH)))
        fail("not trusting", path, "other accounts can write it");
    while (length < LONGEST_CONF && (got = read(file, text + length, LONGEST_CONF - length)) != 0) {
        if (got < 0)
            fail("cannot read", path, strerror(errno));
        length += (size_t)got;
    }
    close(file);
    text[length] = '\0';
    return text;
}

static void keep(char **list, int *count, char *value) {
    if (*count == MOST_ARGUMENTS)
        fail("too many arguments in", CONF, "");
    list[(*count)++] = value;
}

static void set_environment(char *assignment) {
    char *equals = strchr(assignment, '=');
    if (!equals)
        return;
    *equals = '\0';
    setenv(assignment, equals + 1, 1);
}

static void parse(char *text, struct conf *conf) {
    char *rest = text, *line;
    while ((line = strsep(&rest, "\n"))) {
        char *value = strchr(line, '=');
        if (line[0] == '#' || !value)
            continue;
        *value++ = '\0';
        if (strcmp(line, "library") == 0)
            conf->library = value;
        else if (strcmp(line, "python") == 0)
            conf->python = value;
        else if (strcmp(line, "argument") == 0)
            keep(conf->arguments, &conf->argument_count, value);
        else if (strcmp(line, "default") == 0)
            keep(conf->defaults, &conf->default_count, value);
        else if (strcmp(line, "environment") == 0)
            set_environment(value);
    }
}

/* launchd never shortens a log, and a file that is renamed goes on being written: so it is emptied at the start. */
static void shorten_log(void) {
    struct stat about;
    if (fstat(STDERR_FILENO, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > LONGEST_LOG)
        (void)!ftruncate(STDERR_FILENO, 0);
}

static python_main load_python(const struct conf *conf) {
    void *library;
    python_main main_of_python;
    if (access(conf->python, X_OK) != 0)
        fail("the virtual environment has moved or is gone: there is no Python at", conf->python, "");
    /* Global, because extension modules look for Python's functions among what the process has loaded. */
    library = dlopen(conf->library, RTLD_NOW | RTLD_GLOBAL);
    if (!library)
        fail("cannot load Python from", conf->library, dlerror());
    *(void **)&main_of_python = dlsym(library, "Py_BytesMain");
    if (!main_of_python)
        fail("this is no library of Python 3.8 or newer:", conf->library, "");
    return main_of_python;
}

int main(int argc, char **argv) {
    /* Would lead Python to another installation; on macOS the first two go before argv[0]. */
    static const char *const misleading[] = {"PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "PYTHONHOME", "PYTHONPATH"};
    static char path[LONGEST_PATH];
    static struct conf conf;
    char **list;
    int count = 0, given = 0;
    size_t i;

    for (i = 0; i < sizeof misleading / sizeof *misleading; i++)
        unsetenv(misleading[i]);
    if (under_launchd())
        shorten_log();
    conf_path(path);
    parse(read_conf(path), &conf);
    if (!conf.library || !conf.python)
        fail("there is no library or no python in", path, "");

    list = calloc((size_t)(1 + conf.argument_count + conf.default_count + argc + 1), sizeof *list);
    if (!list)
        fail("no memory for the arguments of", conf.python, "");
    list[count++] = conf.python;
    for (i = 0; i < (size_t)conf.argument_count; i++)
        list[count++] = conf.arguments[i];
    for (i = 1; i < (size_t)argc; i++) {
        if (strncmp(argv[i], "-psn_", 5) == 0) /* LaunchServices' own */
            continue;
        list[count++] = argv[i];
        given = 1;
    }
    for (i = 0; !given && i < (size_t)conf.default_count; i++)
        list[count++] = conf.defaults[i];
    return load_python(&conf)(count, list);
}
