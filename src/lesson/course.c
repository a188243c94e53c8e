#include "lesson/course.h"

#include "base/file.h"
#include "base/memory.h"
#include "base/shared.h"
#include "lesson/read.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { INDEX_LONGEST = 1 << 16 };

static const char ending[] = ".lesson";

void course_release(Course *course)
{
    for (size_t i = 0; i < course->count; i++)
        free(course->lines[i].path);
    free(course->lines);
    free(course->index);
    *course = (Course){.count = 0};
}

static bool has(const Course *course, const char *id)
{
    for (size_t i = 0; i < course->count; i++)
        if (strcmp(course->lines[i].id, id) == 0)
            return true;
    return false;
}

static void add(Course *course, const char *label, const char *id, const char *folder)
{
    CourseLine line = {.label = ""};
    Text path = {0};

    text_copy(line.label, sizeof line.label, label);
    text_copy(line.id, sizeof line.id, id);
    text_printf(&path, "%s/%s%s", folder, id, ending);
    line.path = xstrdup(text_chars(&path));
    text_release(&path);
    course->lines = grow(course->lines, course->count, &course->room, sizeof line);
    course->lines[course->count++] = line;
}

static Status take_line(Course *course, const char *line, int number, const char *folder)
{
    char label[LESSON_ID + 1], id[LESSON_ID + 1];
    const char *words = line;

    take_word(&words, label, sizeof label);
    take_word(&words, id, sizeof id);
    if (label[0] == '\0' || label[0] == '#')
        return ok();
    if (strlen(label) >= LABEL_TEXT || !is_id(id))
        return read_fault(course->index, number,
                          "a line is a label and a name: L5 underflow-silent");
    if (has(course, id))
        return read_fault(course->index, number, "%s stands there twice (V16)", id);
    add(course, label, id, folder);
    return ok();
}

static Status take_index(Course *course, char *text, const char *folder)
{
    char *next = text;

    for (int number = 1; next != NULL; number++) {
        char *line = next, *end = strchr(line, '\n');

        next = end == NULL ? NULL : end + 1;
        if (end != NULL)
            *end = '\0';
        TRY(take_line(course, line, number, folder));
    }
    return ok();
}

static Status read_index(Course *course)
{
    Bytes bytes = {0};
    char *text, *folder;
    Status status;

    TRY(file_read(course->index, INDEX_LONGEST, &bytes));
    text = xcalloc(bytes.count + 1, 1);
    memcpy(text, bytes.data, bytes.count);
    bytes_release(&bytes);
    folder = xstrdup(course->index);
    *strrchr(folder, '/') = '\0';
    status = take_index(course, text, folder);
    free(folder);
    free(text);
    return status;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const CourseLine *)a)->id, ((const CourseLine *)b)->id);
}

/* A teacher's own, by name. */
static void add_own(Course *course, const char *folder)
{
    DIR *all = opendir(folder);
    size_t before = course->count;

    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the listing is this thread's own */
    for (const struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        size_t length = strlen(entry->d_name);
        char id[LESSON_ID + 1];

        if (length <= sizeof ending - 1 ||
            strcmp(entry->d_name + length - sizeof ending + 1, ending) != 0 || length > 39)
            continue;
        text_copy(id, length - sizeof ending + 2, entry->d_name);
        if (is_id(id) && !has(course, id))
            add(course, "", id, folder);
    }
    if (all != NULL)
        closedir(all);
    if (course->count > before)
        qsort(course->lines + before, course->count - before, sizeof *course->lines, by_name);
}

static void own_folder(Text *folder)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment */
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");

    if (data != NULL && data[0] == '/')
        text_printf(folder, "%s/halfstep/lessons", data);
    else if (home != NULL && home[0] == '/')
        text_printf(folder, "%s/.local/share/halfstep/lessons", home);
}

Status course_read(Course *course)
{
    Text path = {0}, own = {0};
    Status status = shared_path("lessons", "HALFSTEP_LESSONS", "course.idx", &path);

    if (!failed(status)) {
        course->index = xstrdup(text_chars(&path));
        status = read_index(course);
    }
    own_folder(&own);
    if (!failed(status) && own.length > 0)
        add_own(course, text_chars(&own));
    text_release(&path);
    text_release(&own);
    return status;
}

int course_find(const Course *course, const char *word)
{
    size_t length = strlen(word);
    int found = -1, count = 0;

    for (size_t i = 0; i < course->count; i++) {
        const CourseLine *line = &course->lines[i];

        if (strcasecmp(line->id, word) == 0 || strcasecmp(line->label, word) == 0 ||
            (line->label[0] != '\0' && strcmp(line->label + 1, word) == 0))
            return (int)i;
        if (strncasecmp(line->id, word, length) == 0) {
            found = (int)i;
            count++;
        }
    }
    return count == 1 && length > 0 ? found : -1;
}

const char *course_nearest(const Course *course, const char *word)
{
    const char **names = xcalloc(course->count + 1, sizeof *names), *nearest;

    for (size_t i = 0; i < course->count; i++)
        names[i] = course->lines[i].id;
    nearest = text_nearest(word, names);
    free(names);
    return nearest;
}
