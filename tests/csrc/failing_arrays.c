/*
 * failing_arrays.c - a module that lets failing_malloc.c refuse the data of NumPy's arrays as well
 *
 * NumPy asks for them through a handler, which can be another (NEP 49).
 */
#define NPY_NO_DEPRECATED_API NPY_1_22_API_VERSION
#define NPY_TARGET_VERSION NPY_1_22_API_VERSION
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <numpy/arrayobject.h>
#include <stdlib.h>

int failing_malloc_refuses(void);

static void *get(void *context, size_t n)
{
    (void)context;
    return failing_malloc_refuses() ? NULL : malloc(n);
}

static void *get_zeros(void *context, size_t n, size_t size)
{
    (void)context;
    return failing_malloc_refuses() ? NULL : calloc(n, size);
}

static void *resize(void *context, void *p, size_t n)
{
    (void)context;
    return failing_malloc_refuses() ? NULL : realloc(p, n);
}

static void give_back(void *context, void *p, size_t n)
{
    (void)context, (void)n;
    free(p);
}

static PyDataMem_Handler handler = {"failing", 1, {NULL, get, get_zeros, resize, give_back}};
static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "failing_arrays", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_failing_arrays(void)
{
    PyObject *capsule, *before;

    import_array();
    capsule = PyCapsule_New(&handler, "mem_handler", NULL);
    before = capsule ? PyDataMem_SetHandler(capsule) : NULL;
    Py_XDECREF(capsule);
    Py_XDECREF(before);
    return before ? PyModule_Create(&module) : NULL;
}
