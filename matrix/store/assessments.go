package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"kmatrix/matrix"
	"kmatrix/matrix/atomicfile"
)

// fileAssessments keeps what policies concluded of a run, where any did: a JSON list,
// always whole.
const fileAssessments = "assessments.json"

// Assess keeps what a policy concludes, and returns when it is on the disk. It takes
// the place of what the policy concluded of the same subject before. What a newer
// kmatrix has kept there stays.
func (r *Run) Assess(a matrix.Assessment) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	a.Version, a.Run = matrix.AssessmentVersion, r.header.ID
	err := a.Check()
	var kept []json.RawMessage
	if err == nil {
		kept, err = readAssessments(r.dir)
	}
	if err == nil {
		err = r.writeAssessments(a, kept)
	}
	if err != nil {
		return fmt.Errorf("store what %s concludes: %w", a.Policy, err)
	}
	return nil
}

// Assessments returns what policies concluded of the run so far.
func (r *Run) Assessments() ([]matrix.Assessment, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, _, err := assessments(r.dir)
	return all, err
}

// writeAssessments writes what is kept, with the new one at the end.
func (r *Run) writeAssessments(a matrix.Assessment, kept []json.RawMessage) error {
	var all []any
	for _, text := range kept {
		var old struct{ Policy, Subject string }
		if err := json.Unmarshal(text, &old); err != nil || old.Policy != a.Policy || old.Subject != a.Subject {
			all = append(all, text)
		}
	}
	text, err := json.MarshalIndent(append(all, a), "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(r.dir, fileAssessments), append(text, '\n'))
}

// readAssessments reads the list as it is; most runs have none.
func readAssessments(dir string) ([]json.RawMessage, error) {
	path := filepath.Join(dir, fileAssessments)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []json.RawMessage
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return list, nil
}

// assessments returns those that this kmatrix understands, and what was passed over.
func assessments(dir string) (all []matrix.Assessment, warnings []string, err error) {
	path := filepath.Join(dir, fileAssessments)
	list, err := readAssessments(dir)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	if errors.As(err, &syntax) || errors.As(err, &kind) {
		return nil, []string{fmt.Sprintf("%s is no list of assessments and was passed over", path)}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read a run: %w", err)
	}
	for i, text := range list {
		var version struct{ Version int }
		var a matrix.Assessment
		err := json.Unmarshal(text, &version)
		if err == nil && version.Version == matrix.AssessmentVersion {
			err = json.Unmarshal(text, &a)
		}
		a.Version = version.Version
		if err == nil {
			err = a.Check()
		}
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("%s: number %d was passed over: %v", path, i+1, err))
			continue
		}
		all = append(all, a)
	}
	return all, warnings, nil
}
