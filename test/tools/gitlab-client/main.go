// Command gitlab-client makes with GitLab's own client the requests that we make, with the same values and in the same order:
// test/interop/pull-requests/gitlab.test.ts compares what arrives. The root of the API is its argument, the token in GITLAB_TOKEN.
package main

import (
	"log"
	"os"

	gitlab "gitlab.com/gitlab-org/api/client-go"
)

const project = "group/sub/fleet"

func main() {
	log.SetFlags(0)
	client, err := gitlab.NewClient(os.Getenv("GITLAB_TOKEN"), gitlab.WithBaseURL(os.Args[1]), gitlab.WithoutRetries())
	if err != nil {
		log.Fatal(err)
	}
	const merge = int64(3)
	page := gitlab.ListOptions{Page: 1, PerPage: 50}
	branch, base := gitlab.Ptr("cdk8s-pki/renew/prod"), gitlab.Ptr("main")
	calls := []func() error{
		func() error {
			_, _, err := client.Projects.GetProject(project, nil)
			return err
		},
		func() error {
			_, _, err := client.MergeRequests.ListProjectMergeRequests(project, &gitlab.ListProjectMergeRequestsOptions{
				ListOptions: page, State: gitlab.Ptr("opened"), TargetBranch: base,
			})
			return err
		},
		func() error {
			_, _, err := client.MergeRequests.ListProjectMergeRequests(project, &gitlab.ListProjectMergeRequestsOptions{
				ListOptions: page, State: gitlab.Ptr("all"), SourceBranch: branch, TargetBranch: base,
			})
			return err
		},
		func() error {
			_, _, err := client.MergeRequests.CreateMergeRequest(project, &gitlab.CreateMergeRequestOptions{
				SourceBranch: branch, TargetBranch: base, Title: gitlab.Ptr("Renew"), Description: gitlab.Ptr("Why."),
				RemoveSourceBranch: gitlab.Ptr(true),
			})
			return err
		},
		func() error {
			_, _, err := client.MergeRequests.UpdateMergeRequest(project, merge, &gitlab.UpdateMergeRequestOptions{
				Title: gitlab.Ptr("Now"), Description: gitlab.Ptr("Because."),
			})
			return err
		},
		func() error {
			_, _, err := client.MergeRequests.UpdateMergeRequest(project, merge, &gitlab.UpdateMergeRequestOptions{
				AddLabels:    &gitlab.LabelOptions{"cdk8s-pki", "cdk8s-pki/soon"},
				RemoveLabels: &gitlab.LabelOptions{"cdk8s-pki/urgent"},
			})
			return err
		},
		func() error {
			_, _, err := client.Notes.ListMergeRequestNotes(project, merge, &gitlab.ListMergeRequestNotesOptions{ListOptions: page})
			return err
		},
		func() error {
			_, _, err := client.Notes.CreateMergeRequestNote(project, merge, &gitlab.CreateMergeRequestNoteOptions{
				Body: gitlab.Ptr("Left alone."),
			})
			return err
		},
		func() error {
			_, _, err := client.MergeRequests.UpdateMergeRequest(project, merge, &gitlab.UpdateMergeRequestOptions{
				StateEvent: gitlab.Ptr("close"),
			})
			return err
		},
	}
	for _, call := range calls {
		if err := call(); err != nil {
			log.Fatal(err)
		}
	}
}
