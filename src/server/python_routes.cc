// The Python package for pip: a simple index (PEP 503) of one project with one file.
//
// The package has nothing of the store in it and is the same for everyone, as the page's files are,
// so it is given to those without a token too: pip has no way to send one but in a URL, which
// would then stand in scripts and logs.
#include "server/api.h"
#include "server/python_wheel.h"

namespace grid::server {

namespace {

constexpr std::string_view project = "grid-datastores";

PythonWheel wheel() {
  const std::optional<PythonWheel> found = python_wheel();
  if (!found) fail(ErrorKind::not_found, "this grid server was built without its Python package");
  return *found;
}

Response html(const std::string& title, const std::string& address, const std::string& text) {
  Response response;
  response.headers.add("Content-Type", "text/html; charset=utf-8");
  response.headers.add("Cache-Control", "no-cache");
  response.body = fmt::format(
      "<!DOCTYPE html>\n<html><head><title>{}</title></head>\n<body><a href=\"{}\">{}</a></body>"
      "</html>\n",
      title, address, text);
  return response;
}

// Addresses are whole paths: a client may leave out the slash at the end of a page's own.
Response list_projects(const Api&, const Call&) {
  wheel();
  return html("Python packages", fmt::format("/python/{}/", project), std::string(project));
}

Response list_files(const Api&, const Call& call) {
  if (call.part("project") != project)
    fail(ErrorKind::not_found, "there is one Python package here: {}", project);
  const PythonWheel found = wheel();
  return html(std::string(project),
              fmt::format("/python/{}/{}#sha256={}", project, found.name, found.sha256),
              std::string(found.name));
}

Response read_wheel(const Api&, const Call& call) {
  const PythonWheel found = wheel();
  if (call.part("project") != project || call.part("file") != found.name)
    fail(ErrorKind::not_found, "there is one Python package here: /python/{}/{}", project,
         found.name);
  Response response;
  response.headers.add("Content-Type", "application/zip");
  response.headers.add("Cache-Control", "no-cache");
  response.headers.add("ETag", fmt::format("\"{}\"", found.sha256));
  response.body = as_text(found.content);
  return response;
}

}  // namespace

std::vector<Route> python_routes() {
  return {{"GET",
           "/python",
           Needs::nobody,
           "The Python package, for pip install --index-url",
           {},
           list_projects},
          {"GET",
           "/python/{project}",
           Needs::nobody,
           "The files of the Python package",
           {},
           list_files},
          {"GET",
           "/python/{project}/{file}",
           Needs::nobody,
           "The Python package as a wheel",
           {},
           read_wheel}};
}

}  // namespace grid::server
