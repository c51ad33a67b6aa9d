from centnn._rounds._state cimport State, Worker


cdef void search_members(State state, Py_ssize_t j, Worker *worker, bint is_removal) noexcept nogil
cdef refresh_lists(State state)
cdef take_note_of_drift(State state, double share)
